/**
 * The segments of a request's path as the routes spell them: some clients encode `:` and `@`, and a slash at the end
 * means nothing. Nothing else is decoded or normalised, so that no two servers can read one path differently.
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

/** The segments of a path such as `/tasks/:task:cancel`: a parameter's name, a custom method's name behind it. */
export interface PathTemplate {
  readonly text: string;
  readonly segments: readonly SegmentTemplate[];
}

interface SegmentTemplate {
  /** `""` for a segment that is fixed. */
  readonly parameter: string;
  /** The whole segment, or for a parameter what follows it: `:cancel` (specification 5.3) or nothing. */
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

/** The parameters of `segments` from `start` on, if they are a path of this template. */
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
    // A segment with another custom method, or none where one is due, is another resource.
    const colon = segment.indexOf(":");
    const verb = colon === -1 ? "" : segment.slice(segment.lastIndexOf(":"));
    if (verb !== literal || segment.length === verb.length) {
      return undefined;
    }
    parameters[parameter] = decodeSegment(segment.slice(0, segment.length - verb.length));
  }
  return parameters;
}

/** What is no valid encoding stays as it is: it names nothing. */
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
