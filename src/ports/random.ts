/** The source of ids and jitter. The simulation seeds it. */
export interface Random {
  /** A new unguessable id: letters, digits and hyphens. */
  id(): string;
  /** 0 <= x < 1. */
  fraction(): number;
}
