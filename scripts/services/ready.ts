import { setTimeout as delay } from 'node:timers/promises';
import type { ServiceProcess } from './service-process.ts';

/** Thrown when a service ended, or did not answer in time, instead of becoming ready. */
export class ServiceNotReady extends Error {
  override readonly name = 'ServiceNotReady';
}

/**
 * Connects again and again, shortly apart, until `attempt` succeeds.
 * @throws ServiceNotReady with the last lines of its log when the process ends or `timeoutMs` pass;
 * the process is stopped then.
 */
export async function untilReady(
  service: ServiceProcess,
  attempt: () => Promise<void>,
  timeoutMs = 60_000,
): Promise<void> {
  const giveUpAt = Date.now() + timeoutMs;
  for (;;) {
    if (service.end) throw notReady(service, 'ended before it was ready');
    try {
      await attempt();
      return;
    } catch (error) {
      if (Date.now() > giveUpAt) {
        await service.stop(2_000);
        throw notReady(service, `was not ready after ${timeoutMs / 1000} s (${String(error)})`);
      }
    }
    await Promise.race([delay(20), service.ended]);
  }
}

function notReady(service: ServiceProcess, what: string): ServiceNotReady {
  const tail = service.tail(15);
  return new ServiceNotReady(`${service.name} ${what}${tail ? `. Its last words:\n${tail}` : ''}`);
}
