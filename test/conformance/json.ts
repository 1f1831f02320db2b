export type Json = null | boolean | number | string | Json[] | JsonObject;

/** Typed loosely on purpose: tests read into answers, and a wrong path is `undefined`, which the assertion then shows. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Answer = any;

export interface JsonObject {
  [key: string]: Json;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
