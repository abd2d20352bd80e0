import { PROCESSES } from './bench.ts';
import type { Figures, LatencyRow, Row, TlsRow } from './measure.ts';
import { TLS_FLOOR } from './operations.ts';
import { milliseconds, ratio, spread, table, whole } from './table.ts';

/** What the figures were measured on and with, a line each. */
export type Circumstances = readonly string[];

/** The floors that were missed, one line each. */
export function missedFloors({ rows, tls }: Figures): string[] {
  return [
    ...rows
      .filter(({ operation, toEcho }) => (toEcho?.median ?? 1) < (operation.floor ?? 0))
      .map(({ operation, toEcho }) => {
        return `${operation.title}: ${ratio(toEcho?.median)} of the echo, floor ${operation.floor}`;
      }),
    ...tls
      .filter((row) => row.ratio.median < TLS_FLOOR)
      .map((row) => `${row.operation.title}: ${ratio(row.ratio.median)} of plaintext`),
  ];
}

/** The tables as Markdown, which reads well in a terminal too. */
export function render(figures: Figures, circumstances: Circumstances): string {
  const { rows, tls, latency } = figures;
  return [
    ...circumstances.map((line) => `- ${line}`),
    '',
    table(['Over mutual TLS', 'a second', 'p50', 'p99', 'to echo', 'floor', ''], rows.map(toCells)),
    '',
    table(
      [
        'CPU',
        ...PROCESSES.map((name) => `${name} µs`),
        ...PROCESSES.map((name) => `${name} cores`),
        'others cores',
      ],
      rows.map(toCpuCells),
    ),
    ...(tls.length === 0
      ? []
      : ['', table(['', 'mutual TLS', 'plaintext', 'ratio', 'floor', ''], tls.map(toTlsCells))]),
    ...(latency.length === 0
      ? []
      : [
          '',
          table(
            [
              'At a fixed rate',
              'offered',
              'answered',
              'p50',
              'p99',
              'p99.9',
              'longest',
              'others cores',
            ],
            latency.map(toLatencyCells),
          ),
        ]),
    '',
  ].join('\n');
}

function toCells({ operation, rate, p50, p99, toEcho }: Row): string[] {
  return [
    operation.title,
    whole(rate.median),
    milliseconds(p50),
    milliseconds(p99),
    spread(toEcho),
    operation.floor === undefined ? '' : String(operation.floor),
    verdict(toEcho?.median, operation.floor),
  ];
}

function toCpuCells({ operation, cores, cpuUs }: Row): string[] {
  return [
    operation.title,
    ...PROCESSES.map((name) => cpuUs?.[name].toFixed(1) ?? '–'),
    ...[...PROCESSES, 'others' as const].map((name) => cores?.[name].toFixed(2) ?? '–'),
  ];
}

function toTlsCells(row: TlsRow): string[] {
  return [
    row.operation.title,
    whole(row.tls),
    whole(row.plaintext),
    spread(row.ratio),
    String(TLS_FLOOR),
    verdict(row.ratio.median, TLS_FLOOR),
  ];
}

function toLatencyCells(row: LatencyRow): string[] {
  return [
    row.operation.title,
    whole(row.offered),
    whole(row.answered),
    ...[row.p50, row.p99, row.p999, row.max].map(milliseconds),
    row.others?.toFixed(2) ?? '–',
  ];
}

function verdict(value: number | undefined, floor: number | undefined): string {
  if (value === undefined || floor === undefined) return '';
  return value >= floor ? 'PASS' : 'FAIL';
}
