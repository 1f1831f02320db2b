import { pino } from "pino";
import type { Logger } from "../../ports/logger.ts";

/**
 * Writes one JSON line per event: `level`, `time` in ms, `event`, and the event's fields. Lines go to `write`, by default
 * to standard output. docs/logging.md lists the events.
 */
export function createLogger(level: string, write?: (line: string) => void): Logger {
  const options = {
    level,
    base: null,
    messageKey: "event",
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const log = write === undefined ? pino(options) : pino(options, { write });
  return {
    info: (event, fields) => log.info(fields ?? {}, event),
    warn: (event, fields) => log.warn(fields ?? {}, event),
    error: (event, fields) => log.error(fields ?? {}, event),
  };
}
