import type { Installation, Rule } from './manifest.ts'
import * as network from './network.ts'
import * as podSecurity from './pod-security.ts'
import * as references from './references.ts'
import * as running from './running.ts'
import * as scaling from './scaling.ts'
import * as secrets from './secrets.ts'
import * as selectors from './selectors.ts'

/** Every rule by its name. */
export const RULES: Readonly<Record<string, Rule>> = {
  ...selectors,
  ...references,
  ...scaling,
  ...podSecurity,
  ...running,
  ...network,
  ...secrets,
}

/** A rule that is broken, and by what. */
export interface Breach {
  readonly rule: string
  readonly detail: string
}

/** What the manifests' schemas cannot see: everything in an installation that breaks a rule. */
export const checkPolicy = (installation: Installation): readonly Breach[] =>
  Object.entries(RULES).flatMap(([rule, check]) => check(installation).map((detail) => ({ rule, detail })))
