import { keepCompiledCode } from "./compile-cache.ts";

/** `npm run serve`: the Node host alone, all from the environment. */
keepCompiledCode();
const [{ readConfig }, { runUntilSignal }] = await Promise.all([
  import("../../config/read-config.ts"),
  import("./run-until-signal.ts"),
]);
await runUntilSignal({ configure: () => readConfig() });
