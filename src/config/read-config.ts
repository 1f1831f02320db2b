import { parseConfig } from "./config.ts";
import type { Config, Environment } from "./config.ts";

/** The configuration of this process; `defaults` apply to variables that are not set. @throws ConfigError */
export function readConfig(defaults: Readonly<Partial<Record<keyof Environment, string>>> = {}): Config {
  const given = Object.entries(process.env).filter(([, value]) => value !== "");
  return parseConfig({ ...defaults, ...Object.fromEntries(given) });
}

export function isGiven(name: keyof Environment): boolean {
  return Boolean(process.env[name]);
}
