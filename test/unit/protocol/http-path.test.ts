import { describe, expect, test } from "vitest";
import { decodeSegment, matchTemplate, parseTemplate, toSegments } from "../../../src/protocol/http/path.ts";
import { createFakeGateway } from "./fake-gateway.ts";

describe("the segments of a path", () => {
  test.each([
    ["/", []],
    ["", []],
    ["/?a=/b", []],
    ["/agents", ["agents"]],
    ["/agents/", ["agents"]],
    ["/agents/echo/tasks/t-1?historyLength=1", ["agents", "echo", "tasks", "t-1"]],
    ["/tasks?a=%3A#b", ["tasks"]],
    ["/agents/echo%401/tasks/t-1%3Acancel", ["agents", "echo@1", "tasks", "t-1:cancel"]],
    ["/tasks/t-1%3acancel/", ["tasks", "t-1:cancel"]],
  ])("of %s are %j", (target, segments) => {
    expect(toSegments(target)).toEqual(segments);
  });

  test.each([
    ["/a//b", ["a", "", "b"]],
    ["//agents", ["", "agents"]],
    ["/agents//", ["agents", ""]],
    ["/a/../b", ["a", "..", "b"]],
    ["/a/%2e%2E/b", ["a", "%2e%2E", "b"]],
    ["/a%2Fb", ["a%2Fb"]],
    ["/a%252Fb", ["a%252Fb"]],
    ["/a\\b", ["a\\b"]],
    ["/a;b=c", ["a;b=c"]],
    ["/AGENTS", ["AGENTS"]],
  ])("of %s are not normalised: %j", (target, segments) => {
    expect(toSegments(target)).toEqual(segments);
  });
});

describe("a template", () => {
  const of = (template: string, target: string, start = 0) =>
    matchTemplate(parseTemplate(template), toSegments(target), start);

  test("takes fixed segments as they are, and every other one as its parameter", () => {
    expect(of("/", "/")).toEqual({});
    expect(of("/tasks/:task", "/tasks/t-1")).toEqual({ task: "t-1" });
    expect(of("/tasks/:task", "/agents/echo/tasks/t-1", 2)).toEqual({ task: "t-1" });
    expect(of("/tasks/:task/configs/:config", "/tasks/t-1/configs/c-1")).toEqual({ task: "t-1", config: "c-1" });
    expect(of("/message:send", "/message:send")).toEqual({});
    expect(of("/message:send", "/message%3Asend")).toEqual({});
  });

  test.each([
    ["/tasks/:task", "/tasks"],
    ["/tasks/:task", "/tasks/"],
    ["/tasks/:task", "/tasks/t-1/more"],
    ["/tasks/:task", "/task/t-1"],
    ["/tasks/:task", "/tasks//"],
    ["/message:send", "/message:stream"],
    ["/message:send", "/message"],
  ])("%s does not take %s", (template, target) => {
    expect(of(template, target)).toBeUndefined();
  });

  test("takes a custom method only where it is due, whole and behind an id", () => {
    expect(of("/tasks/:task:cancel", "/tasks/t-1:cancel")).toEqual({ task: "t-1" });
    expect(of("/tasks/:task:cancel", "/tasks/a:b:cancel")).toEqual({ task: "a:b" });
    for (const other of ["t-1", "t-1:subscribe", "t-1:Cancel", "t-1:cancel2", ":cancel", "t-1:cancel:", "t-1:"]) {
      expect([other, of("/tasks/:task:cancel", `/tasks/${other}`)]).toEqual([other, undefined]);
    }
    for (const other of ["t-1:cancel", "t-1:nothing", "t-1:"]) {
      expect([other, of("/tasks/:task", `/tasks/${other}`)]).toEqual([other, undefined]);
    }
  });

  test("decodes a parameter once, and leaves alone what is no encoding", () => {
    expect(of("/tasks/:task", "/tasks/%C3%BC%2F%252F")).toEqual({ task: "ü/%2F" });
    expect(of("/tasks/:task:cancel", "/tasks/a%2Fb%3Acancel")).toEqual({ task: "a/b" });
    for (const bad of ["%", "%zz", "%C3", "a%ff"]) {
      expect(of("/tasks/:task", `/tasks/${bad}`)).toEqual({ task: bad });
      expect(decodeSegment(bad)).toBe(bad);
    }
  });
});

test.each([
  ["colons", ":".repeat(15_000)],
  ["encoded colons", "%3A".repeat(5_000)],
  ["slashes", "/".repeat(15_000)],
  ["percent signs", "%".repeat(15_000)],
  ["verbs", ":cancel".repeat(2_000)],
])("15,000 characters of %s cost no more than their length", async (_what, text) => {
  const templates = ["/tasks/:task:cancel", "/tasks/:task:subscribe", "/tasks/:task"].map(parseTemplate);
  const costOf = (path: string): number => {
    const began = performance.now();
    for (let round = 0; round < 20; round += 1) {
      const segments = toSegments(path);
      templates.forEach((template) => matchTemplate(template, segments, 0));
    }
    return performance.now() - began;
  };
  costOf(`/tasks/${text}`);
  // Were it the square, this would be minutes: 15,000 times 15,000 steps, twenty times. A busy machine may take its time.
  expect(costOf(`/tasks/${text}`)).toBeLessThan(2_500);
  const { fetch } = createFakeGateway();
  const began = performance.now();
  expect((await fetch(`/tasks/${text}`)).status).toBe(404);
  expect(performance.now() - began).toBeLessThan(2_500);
});
