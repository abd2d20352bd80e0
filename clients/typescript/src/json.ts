/** A JSON object, as metadata is. Numbers are doubles. */
export interface JsonObject {
  [key: string]: JsonValue;
}

export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;
