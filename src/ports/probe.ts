/** Something outside, or a background job, that an instance depends on. */
export interface Probe {
  /** Such as `tables` or `queue`. It is shown to anyone who asks whether the instance is ready. */
  readonly name: string;
  /** Whether an instance without it can answer no call. */
  readonly isRequired: boolean;
  /**
   * Resolves to what is wrong, in words that anyone may read; to undefined if nothing is. Asked at most once a second; an
   * answer after the signal has aborted is ignored.
   */
  readonly check: (signal: AbortSignal) => Promise<string | undefined>;
}
