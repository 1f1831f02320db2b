import type { Check } from "./field-checks.ts";
import { isRecord } from "./field-checks.ts";

/** A longer key is cut to this many characters in a violation. */
const SHOWN = 80;

/**
 * Refuses values that JSON text can express but a store cannot keep: an unpaired surrogate, which UTF-8 cannot encode,
 * and a number too large for a double, which is written back as null.
 */
export const storable: Check = (value, path, faults) => {
  const found = findUnstorable(value);
  if (found) {
    faults.push({ field: (path + found.path).replace(/^\./, "") || "params", description: found.description });
  }
};

function findUnstorable(value: unknown): { readonly path: string; readonly description: string } | undefined {
  if (typeof value === "string") {
    return value.isWellFormed() ? undefined : { path: "", description: "must not contain an unpaired surrogate" };
  }
  if (typeof value === "number") {
    return Number.isFinite(value)
      ? undefined
      : { path: "", description: "must be a number within the range of a double" };
  }
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length; at += 1) {
      const found = findUnstorable(value[at]);
      if (found) {
        return { ...found, path: `[${at}]${found.path}` };
      }
    }
  } else if (isRecord(value)) {
    for (const key of Object.keys(value)) {
      const found = findUnstorable(key) ?? findUnstorable(value[key]);
      if (found) {
        return { ...found, path: `.${key.slice(0, SHOWN)}${found.path}` };
      }
    }
  }
  return undefined;
}
