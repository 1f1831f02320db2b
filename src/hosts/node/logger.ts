import { pino } from "pino";
import type { Logger } from "../../ports/logger.ts";

/** One JSON line an event on standard output: `level`, `time` in ms, `event`, and the event's fields. */
export function createLogger(level: string): Logger {
  const log = pino({ level, base: null, messageKey: "event", formatters: { level: (label) => ({ level: label }) } });
  return {
    info: (event, fields) => log.info(fields ?? {}, event),
    warn: (event, fields) => log.warn(fields ?? {}, event),
    error: (event, fields) => log.error(fields ?? {}, event),
  };
}
