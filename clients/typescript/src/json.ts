/** A JSON object, as metadata is. Numbers are doubles. */
export interface JsonObject {
  [key: string]: JsonValue;
}

/** A value in JSON. */
export type JsonValue = string | number | boolean | null | JsonValue[] | JsonObject;
