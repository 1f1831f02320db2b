export interface Score {
  /** Windows with a flag in them. */
  readonly hits: number;
  /** Flags outside all windows, those an hour or one sampling step apart counted as one. */
  readonly falseAlarms: number;
}

const HOUR = 3_600_000;

/**
 * @param flagged times of flags, ascending, milliseconds
 * @param windows labelled, [start, end] inclusive
 * @param step usual distance of two readings, milliseconds
 */
export function scoreFlags(
  flagged: readonly number[],
  windows: readonly (readonly [number, number])[],
  step: number,
): Score {
  const isIn = (time: number, [start, end]: readonly [number, number]) => time >= start && time <= end;
  const hits = windows.filter((window) => flagged.some((time) => isIn(time, window))).length;
  const outside = flagged.filter((time) => !windows.some((window) => isIn(time, window)));
  const apart = Math.max(HOUR, step);
  const falseAlarms = outside.filter((time, i) => i === 0 || time - (outside[i - 1] ?? time) > apart).length;
  return { hits, falseAlarms };
}
