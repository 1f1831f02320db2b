/** A log line for the terminal: local time, level if it is not info, event, fields. */
export function toTerminalLine(json: string): string {
  const { level, time, event, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const shown = Object.entries(fields).map(([name, value]) => `${name}=${toText(value)}`);
  const clock = new Date(Number(time)).toTimeString().slice(0, 8);
  return [clock, ...(level === "info" ? [] : [level]), event, ...shown].join(" ");
}

/** Stack traces keep their line breaks. */
function toText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
