import type { Secrets } from "../../ports/secrets.ts";

/** Secrets that were given when the process began, newest value first; for development. */
export function createGivenSecrets(values: Readonly<Record<string, readonly string[]>>): Secrets {
  const given = new Map(Object.entries(values));
  return { get: answer, refresh: answer };

  async function answer(name: string): Promise<readonly string[]> {
    return given.get(name) ?? [];
  }
}
