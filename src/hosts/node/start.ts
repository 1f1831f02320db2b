import { keepCompiledCode } from "./compile-cache.ts";

/** `npm start`: the Node host with Azurite for development. Needs no setup. */
keepCompiledCode();
const { startAtTerminal } = await import("./terminal-host.ts");
await startAtTerminal();
