import type { JsonObject } from '@rostrum/client';
import { InvalidArgumentError } from 'commander';

/**
 * Reads a JSON object.
 *
 * @throws InvalidArgumentError for anything else.
 */
export function parseJsonObject(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InvalidArgumentError(cause instanceof Error ? `${cause.message}.` : 'Not JSON.');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new InvalidArgumentError('Give a JSON object such as \'{"replay":"r-17"}\'.');
  }
  // JSON.parse makes nothing but JSON values.
  return value as JsonObject;
}
