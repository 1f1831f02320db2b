/** Where ids and jitter come from. The simulator seeds it. */
export interface Random {
  /** A new unguessable id: letters, digits and hyphens. */
  id(): string;
  /** 0 <= x < 1. */
  fraction(): number;
}
