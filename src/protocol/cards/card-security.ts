import type { AgentCard } from "@a2a-js/sdk";
import type { TrustedIssuer } from "../../auth/trusted-issuer.ts";

/** The part of a card that describes which tokens are accepted (specification 4.5 and 7.2). */
export type CardSecurity = Pick<AgentCard, "securitySchemes" | "securityRequirements">;

/** An OpenID Connect scheme per issuer, and an OAuth 2.0 client credentials scheme if its token endpoint is known. */
export function toCardSecurity(issuers: readonly TrustedIssuer[]): CardSecurity {
  const securitySchemes: AgentCard["securitySchemes"] = {};
  issuers.forEach(({ issuer, tokenUrl, requiredRole, scopes }, at) => {
    const suffix = at === 0 ? "" : String(at + 1);
    const needs = requiredRole === undefined ? "" : ` It must have the role ${requiredRole}.`;
    const openIdConnectUrl = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
    securitySchemes[`openIdConnect${suffix}`] = {
      scheme: {
        $case: "openIdConnectSecurityScheme",
        value: { description: `An access token of ${issuer}.${needs}`, openIdConnectUrl },
      },
    };
    if (tokenUrl !== undefined && Object.keys(scopes).length > 0) {
      const clientCredentials = { tokenUrl, refreshUrl: "", scopes: { ...scopes } };
      securitySchemes[`oauth2${suffix}`] = {
        scheme: {
          $case: "oauth2SecurityScheme",
          value: {
            description: `Client credentials at ${issuer}.${needs}`,
            flows: { flow: { $case: "clientCredentials", value: clientCredentials } },
            oauth2MetadataUrl: "",
          },
        },
      };
    }
  });
  // A client has to satisfy only one of these.
  const securityRequirements = Object.keys(securitySchemes).map((name) => ({ schemes: { [name]: { list: [] } } }));
  return { securitySchemes, securityRequirements };
}
