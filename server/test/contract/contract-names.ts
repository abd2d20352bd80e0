import { readFileSync } from 'node:fs';
import {
  createFileRegistry,
  type DescEnum,
  type DescField,
  type DescMessage,
  fromBinary,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** What the contract gives a name, and programs in other languages call by it. */
export interface ContractNames {
  readonly messages: readonly DescMessage[];
  readonly fields: readonly DescField[];
  /** As the contract writes them. */
  readonly oneofs: readonly string[];
  readonly enums: readonly DescEnum[];
  /** Of calls, such as `SubmitScore`. */
  readonly calls: readonly string[];
}

/** @param image a file of descriptors, as `buf build` writes it */
export function contractNames(image: string): ContractNames {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(image)));
  const types = [...registry].filter((type) => type.typeName.startsWith('rostrum.v1.'));
  const messages = types
    .filter((type) => type.kind === 'message')
    // Entries of maps have no class of their own, or one that nobody names.
    .filter((message) => !message.proto.options?.mapEntry);
  return {
    messages,
    fields: messages.flatMap((message) => message.fields),
    oneofs: messages.flatMap((message) => message.oneofs.map((oneof) => oneof.name)),
    enums: types.filter((type) => type.kind === 'enum'),
    calls: types
      .filter((type) => type.kind === 'service')
      .flatMap((service) => service.methods.map((method) => method.name)),
  };
}

/** `player_id` as `PlayerId`, `ERROR_REASON_INTERNAL` as `ErrorReasonInternal`. */
export const upperCamel = (name: string): string =>
  name
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');

/** `player_id` as `playerId`. */
export const lowerCamel = (name: string): string =>
  upperCamel(name).replace(/^./, (letter) => letter.toLowerCase());

/** `SubmitScore` as `submit_score`. */
export const snake = (name: string): string =>
  name.replaceAll(/(?<=.)[A-Z]/g, (letter) => `_${letter}`).toLowerCase();

/** The name of a value without that of its enum: `KIND_LEFT` as `LEFT`. */
export const valueWithoutEnum = ({ sharedPrefix = '' }: DescEnum, value: string): string =>
  value.slice(sharedPrefix.length);
