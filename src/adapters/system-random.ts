import { randomUUID } from "node:crypto";
import type { Random } from "../ports/random.ts";

/** Ids from the system's random generator; jitter from a plain one. */
export function createSystemRandom(): Random {
  return { id: () => randomUUID(), fraction: () => Math.random() };
}
