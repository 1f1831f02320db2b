/** The six-field cron expression of a timer that fires at least every `seconds`. */
export function toSchedule(seconds: number): string {
  return seconds < 60 ? `*/${seconds} * * * * *` : `0 */${Math.floor(seconds / 60)} * * * *`;
}
