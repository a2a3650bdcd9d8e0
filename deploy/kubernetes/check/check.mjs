// `check.mjs RENDERED MODELS`: holds every rendered overlay and every plain file against the types and the policy, and
// shows that each deliberate error is found. Exits with 1 if one of these fails.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { parseManifests, titleOf } from './manifest.mjs'
import * as exposure from './policy/exposure.mjs'
import * as links from './policy/links.mjs'
import * as pods from './policy/pods.mjs'
import { typeProblems } from './types.mjs'

const RULES = { ...pods, ...links, ...exposure }
const PLAIN = [
  'plain/k8s-secret.yaml',
  'plain/k8s-deployment.yaml',
  'plain/k8s-service.yaml',
  'restore-job.yaml',
]

const [, , rendered, models] = process.argv
const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8')

/** The manifests of each installation, by its name. */
const installations = {
  plain: PLAIN.flatMap((file) => parseManifests(read(`../${file}`))),
  ...Object.fromEntries(
    readdirSync(rendered).map((file) => [
      file.replace('.yaml', ''),
      parseManifests(readFileSync(join(rendered, file), 'utf8')),
    ]),
  ),
}

/** What breaks a rule, or all of them, in the manifests of an installation. */
const breaches = (name, manifests, rules = Object.values(RULES)) =>
  rules.flatMap((rule) => rule({ manifests, isProduction: name.startsWith('production') }))

/** The installation with the error in it, and the manifest that has it. */
const withError = ({ of = 'production-with-everything', in: title, at, to }) => {
  const manifests = structuredClone(installations[of])
  const manifest = manifests.find((one) => titleOf(one) === title)
  const path = at.split('.')
  const field = path.pop()
  const parent = path.reduce((inner, key) => inner[key], manifest)
  if (to === undefined) delete parent[field]
  else parent[field] = to
  return { of, manifests, manifest }
}

const errors = parse(read('deliberate-errors.yaml')).map((error) => ({
  ...error,
  ...withError(error),
}))
const typeErrors = errors.filter(({ rule }) => rule === 'types')
const policyErrors = errors.filter(({ rule }) => rule !== 'types')

// One run of the compiler for all, as each takes seconds.
const good = Object.values(installations).flat()
const problems = typeProblems(models, [...good, ...typeErrors.map(({ manifest }) => manifest)])

const failures = [
  ...problems.slice(0, good.length).flat(),
  ...Object.entries(installations).flatMap(([name, manifests]) =>
    breaches(name, manifests).map((breach) => `${name}: ${breach}`),
  ),
  ...[
    ...typeErrors.filter((_, index) => problems[good.length + index].length === 0),
    ...policyErrors.filter(
      ({ rule, of, manifests }) => breaches(of, manifests, [RULES[rule]]).length === 0,
    ),
  ].map((error) => `not found by ${error.rule}: ${error.in} ${error.at}`),
  ...Object.keys(RULES)
    .filter((name) => !errors.some(({ rule }) => rule === name))
    .map((name) => `no deliberate error for ${name}`),
]
for (const failure of failures) console.error(failure)
const counts = `${Object.keys(installations).length} installations, ${good.length} manifests, ${errors.length} deliberate errors`
console.log(`${counts}: ${failures.length} failures`)
process.exitCode = failures.length > 0 ? 1 : 0
