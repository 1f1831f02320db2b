import { parseConfig } from "./config.ts";
import type { Config } from "./config.ts";

/** The configuration of this process, with what the host decides for itself on top. @throws ConfigError */
export function readConfig(overrides: Readonly<Record<string, string | undefined>> = {}): Config {
  return parseConfig({ ...process.env, ...overrides });
}
