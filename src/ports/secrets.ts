/** Secrets by name, kept fresh while the process runs. */
export interface Secrets {
  /**
   * The values that count now, newest version first (those that are disabled, expired or not yet valid are left
   * out); empty when there is no such secret. Answers from what is known; the first call per name asks.
   * @throws Error within 10 s, without a word of any value, when the store cannot be reached and nothing is known.
   */
  get(name: string): Promise<readonly string[]>;
  /**
   * Asks again now, single flight and at most once in 10 s per name: whatever the value opens has refused it.
   * Resolves to what counts then, and fails as `get` does.
   */
  refresh(name: string): Promise<readonly string[]>;
}
