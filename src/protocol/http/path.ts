/**
 * The segments of a request's path. Decodes `:` and `@`, which some clients encode, and ignores a trailing slash.
 * Nothing else is decoded or normalized, so that a proxy and the gateway cannot interpret one path differently.
 */
export function toSegments(target: string): readonly string[] {
  const query = target.search(/[?#]/);
  const path = query === -1 ? target : target.slice(0, query);
  const trimmed = path.length > 1 && path.endsWith("/") ? path.slice(1, -1) : path.slice(1);
  if (trimmed === "") {
    return [];
  }
  const spelled = trimmed.includes("%") ? trimmed.replace(/%3a/gi, ":").replace(/%40/g, "@") : trimmed;
  return spelled.split("/");
}

/** A path such as `/tasks/:task:cancel`: a segment may be a parameter, with the name of a custom method after it. */
export interface PathTemplate {
  readonly text: string;
  readonly segments: readonly SegmentTemplate[];
}

interface SegmentTemplate {
  /** Name of the parameter; `""` for a fixed segment. */
  readonly parameter: string;
  /** The fixed segment; for a parameter the custom method after it, such as `:cancel` (specification 5.3), or `""`. */
  readonly literal: string;
}

export function parseTemplate(text: string): PathTemplate {
  const segments = text
    .split("/")
    .filter((segment) => segment !== "")
    .map((segment) => {
      const [, parameter = "", verb = ""] = /^:([a-z]+)(:[a-z]+)?$/.exec(segment) ?? [];
      return { parameter, literal: parameter === "" ? segment : verb };
    });
  return { text, segments };
}

export type PathParameters = Readonly<Record<string, string>>;

/** The parameters in `segments` from index `start` on; undefined when they do not match the template. */
export function matchTemplate(
  template: PathTemplate,
  segments: readonly string[],
  start: number,
): PathParameters | undefined {
  if (segments.length - start !== template.segments.length) {
    return undefined;
  }
  const parameters: Record<string, string> = {};
  for (let at = 0; at < template.segments.length; at += 1) {
    const segment = segments[start + at] ?? "";
    const { parameter, literal } = template.segments[at] ?? { parameter: "", literal: "" };
    if (parameter === "") {
      if (segment !== literal) {
        return undefined;
      }
      continue;
    }
    // A segment with a different custom method, or without the required one, is another resource.
    const colon = segment.indexOf(":");
    const verb = colon === -1 ? "" : segment.slice(segment.lastIndexOf(":"));
    if (verb !== literal || segment.length === verb.length) {
      return undefined;
    }
    parameters[parameter] = decodeSegment(segment.slice(0, segment.length - verb.length));
  }
  return parameters;
}

/** Percent-decodes a segment. Returns an invalid encoding unchanged: no task has such an id. */
export function decodeSegment(segment: string): string {
  if (!segment.includes("%")) {
    return segment;
  }
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
