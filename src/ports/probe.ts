/** Checks a service or a background job that an instance depends on. */
export interface Probe {
  /** Such as `tables` or `queue`. Public: it is in the answer of /readyz. */
  readonly name: string;
  /** Whether an instance without it can answer no call. */
  readonly isRequired: boolean;
  /**
   * Resolves to the reason why it fails, which is public; to undefined if it works. Called at most once a second. A result
   * after the signal has aborted is ignored.
   */
  readonly check: (signal: AbortSignal) => Promise<string | undefined>;
}
