/** Secrets by name, refreshed while the process runs. */
export interface Secrets {
  /**
   * The valid values, newest version first, without disabled, expired and not yet valid versions; empty if the secret does
   * not exist. Cached: only the first call for a name makes a request.
   * @throws Error within 10 s if the store does not answer and no value is known; it contains no value
   */
  get(name: string): Promise<readonly string[]>;
  /**
   * Fetches the secret again, at most once in 10 s per name; for when a value was refused by the service that it is for.
   * Resolves to the values after that, and fails as `get` does.
   */
  refresh(name: string): Promise<readonly string[]>;
}
