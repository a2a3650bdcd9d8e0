// `check.ts RENDERED MODELS`: holds every rendered overlay and every plain file against the schemas, the types and the
// policy, and shows that each deliberate schema error is caught. Exits with 1 where one of these fails.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deliberateErrors, exampleManifests, plainManifests, withError } from './deliberate-errors.ts'
import { parseManifests } from './parse-manifests.ts'
import { type Manifest, titleOf } from './policy/manifest.ts'
import { checkPolicy } from './policy/policy.ts'
import { checkSchemas } from './schema.ts'

const [, , rendered, models] = process.argv
if (rendered === undefined || models === undefined) throw new Error('check.ts RENDERED MODELS')

const overlays = readdirSync(rendered).map((file) => ({
  name: file.replace(/\.yaml$/, ''),
  manifests: parseManifests(readFileSync(join(rendered, file), 'utf8')),
  isProduction: file.startsWith('production'),
}))
const installations = [...overlays, { name: 'plain', manifests: plainManifests(), isProduction: false }]
const example = exampleManifests()
const errors = deliberateErrors('schema-errors.yaml').map((error) => {
  const changed = withError(example, error).find((manifest) => titleOf(manifest) === error.in)
  return { ...error, manifest: changed as Manifest }
})

// One run of the compiler for all, as each takes seconds.
const good = [...installations.flatMap(({ manifests }) => manifests), ...example]
const problems = await checkSchemas(models, [...good, ...errors.map(({ manifest }) => manifest)])

const failures = [
  ...problems.slice(0, good.length).flat(),
  ...installations.flatMap((installation) =>
    checkPolicy(installation).map(({ rule, detail }) => `${installation.name}: ${detail} (${rule})`),
  ),
  ...errors.filter((_, index) => problems[good.length + index]?.length === 0).map(({ error }) => `not caught: ${error}`),
]
for (const failure of failures) console.error(failure)
console.log(
  `${installations.length} installations, ${good.length} manifests, ${errors.length} deliberate schema errors: ${failures.length} failures`,
)
process.exitCode = failures.length > 0 ? 1 : 0
