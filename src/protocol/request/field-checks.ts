import type { FieldViolation } from "../../tasks/task-fault.ts";

/**
 * Adds the violations of `value` to `faults`. A request is described by a table of checks. As in ProtoJSON, null is
 * treated as absent.
 */
export type Check = (value: unknown, path: string, faults: FieldViolation[]) => void;

/** Violations that are reported at most for a list, so that an answer is not longer than its request. */
const MAX_FAULTS = 20;

/**
 * Finds fields by their camelCase or, as ProtoJSON requires, snake_case name. Ignores unknown fields (specification
 * 5.7).
 */
export function object(fields: Readonly<Record<string, Check>>, required: readonly string[] = [], rule?: Check): Check {
  const known = Object.entries(fields).map(([name, check]) => {
    return { name, snake: toSnake(name), check, isRequired: required.includes(name) };
  });
  return (value, path, faults) => {
    if (!isRecord(value)) {
      faults.push({ field: path || "params", description: "must be an object" });
      return;
    }
    for (const { name, snake, check, isRequired } of known) {
      const field = value[name] ?? value[snake];
      if (field !== undefined && field !== null) {
        check(field, path === "" ? name : `${path}.${name}`, faults);
      } else if (isRequired) {
        faults.push({ field: path === "" ? name : `${path}.${name}`, description: "is required" });
      }
    }
    rule?.(value, path, faults);
  };
}

export function list(check: Check, { min = 0, max = Infinity } = {}): Check {
  return (value, path, faults) => {
    if (!Array.isArray(value)) {
      faults.push({ field: path, description: "must be an array" });
      return;
    }
    if (value.length < min || value.length > max) {
      const description =
        value.length < min ? `must have at least ${min} element` : `must have no more than ${max} elements`;
      faults.push({ field: path, description });
      return;
    }
    for (let at = 0; at < value.length && faults.length < MAX_FAULTS; at += 1) {
      check(value[at], `${path}[${at}]`, faults);
    }
  };
}

/** Requires exactly one of these fields. For `nullable`, null is a value, as in google.protobuf.Value. */
export function oneOf(names: readonly string[], nullable?: string): Check {
  const aliases = names.map((name) => [name, toSnake(name)] as const);
  return (value, path, faults) => {
    const fields = value as Record<string, unknown>;
    const given = aliases.filter(([name, snake]) => {
      const field = fields[name] ?? fields[snake];
      return name === nullable ? fields[name] !== undefined : field !== undefined && field !== null;
    });
    if (given.length !== 1) {
      const instead = given.length === 0 ? "none" : given.map(([name]) => name).join(" and ");
      faults.push({ field: path, description: `must have exactly one of ${names.join(", ")}, not ${instead}` });
    }
  };
}

export function string({ min = 0, max = Infinity } = {}): Check {
  return (value, path, faults) => {
    if (typeof value !== "string") {
      faults.push({ field: path, description: "must be a string" });
    } else if (value.length < min) {
      faults.push({ field: path, description: "must not be empty" });
    } else if (value.length > max) {
      faults.push({ field: path, description: `must have at most ${max} characters` });
    }
  };
}

export function integer(min: number, max: number): Check {
  return (value, path, faults) => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
      faults.push({ field: path, description: `must be an integer from ${min} to ${max}` });
    }
  };
}

/** An int32 in ProtoJSON: a number, or a number as a string. */
export function int32(min: number, max: number): Check {
  const check = integer(min, max);
  return (value, path, faults) => {
    check(typeof value === "string" && /^-?\d{1,10}$/.test(value) ? Number(value) : value, path, faults);
  };
}

/** An enum by its names or, with `first`, also by its numbers, as ProtoJSON allows. `first` is the lowest number. */
export function enumOf(names: readonly string[], first?: number): Check {
  return (value, path, faults) => {
    const isNumber = first !== undefined && Number.isInteger(value);
    const isKnown = isNumber ? names[Number(value) - first] !== undefined : names.includes(value as string);
    if (!isKnown) {
      faults.push({ field: path, description: `must be one of ${names.join(", ")}` });
    }
  };
}

export const boolean: Check = (value, path, faults) => {
  if (typeof value !== "boolean") {
    faults.push({ field: path, description: "must be true or false" });
  }
};

export const record: Check = (value, path, faults) => {
  if (!isRecord(value)) {
    faults.push({ field: path, description: "must be an object" });
  }
};

export const anything: Check = () => {};

export const base64: Check = (value, path, faults) => {
  if (typeof value !== "string" || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(value)) {
    faults.push({ field: path, description: "must be base64" });
  }
};

export const timestamp: Check = (value, path, faults) => {
  const isTime =
    typeof value === "string" &&
    // RFC 3339 also allows t and z (5.6).
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/i.test(value) &&
    !Number.isNaN(Date.parse(value));
  if (!isTime) {
    faults.push({ field: path, description: "must be a timestamp such as 2026-01-31T09:30:00Z" });
  }
};

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function toSnake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
