import type { Secrets } from "../../ports/secrets.ts";

/** Secrets from the environment, newest value first; for development. */
export function createGivenSecrets(values: Readonly<Record<string, readonly string[]>>): Secrets {
  const given = new Map(Object.entries(values));
  return { get: answer, refresh: answer };

  async function answer(name: string): Promise<readonly string[]> {
    return given.get(name) ?? [];
  }
}
