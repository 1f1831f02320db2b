import { defineConfig } from "vitest/config";

/** A folder of test/ each. `npm test` runs them one after the other (test/support/run-stages.ts). */
const projects = ["unit", "architecture", "contract", "hosts", "conformance", "security", "simulation", "chaos"];

export default defineConfig({
  // For what Vite loads, and for what Node loads in the test processes and their workers.
  ssr: { resolve: { conditions: ["a2a-source", "module", "node"] } },
  test: {
    execArgv: ["--conditions=a2a-source"],
    // Generous, for machines that are slow or busy: a test fails by its assertions.
    testTimeout: 20_000,
    hookTimeout: 30_000,
    projects: projects.map((name) => ({
      extends: true as const,
      test: {
        name,
        include: [`test/${name}/**/*.test.ts`],
        // Unit tests share no state, and loading the libraries anew for each file would take most of their time.
        ...(name === "unit" && { isolate: false }),
        ...(name === "conformance" && { globalSetup: "test/conformance/functions-setup.ts" }),
      },
    })),
  },
});
