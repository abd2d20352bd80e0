// The plugin of buf.gen.yaml: ts-proto, whose stubs then keep every key of a map.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { CodeGeneratorResponse } from 'ts-proto-descriptors';
import { keepMapKeys } from './map-keys.ts';

const STDIN = 0;
const STDOUT = 1;
const TS_PROTO = join(import.meta.dirname, '../../node_modules/ts-proto/protoc-gen-ts_proto');

const { status, stdout } = spawnSync(process.execPath, [TS_PROTO], {
  input: readFileSync(STDIN),
  stdio: ['pipe', 'pipe', 'inherit'],
  maxBuffer: Number.POSITIVE_INFINITY,
});
if (status !== 0) process.exit(status ?? 1);
const response = CodeGeneratorResponse.decode(stdout);
for (const file of response.file) file.content = keepMapKeys(file.content ?? '');
const bytes = CodeGeneratorResponse.encode(response).finish();
for (let written = 0; written < bytes.length; ) written += writeSync(STDOUT, bytes, written);
