// Cuts test/github/local-github/github-api.json out of GitHub's own description of its API, which is far too large to keep:
//   npm install --ignore-scripts --prefix ELSEWHERE @octokit/openapi@23.0.2     (385 MB)
//   node scripts/cut-github-api.mjs ELSEWHERE
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder] = process.argv.slice(2)
if (folder === undefined)
  throw new Error('usage: node scripts/cut-github-api.mjs FOLDER_WITH_OCTOKIT_OPENAPI')
const source = join(folder, 'node_modules/@octokit/openapi')
const { version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'))
const description = JSON.parse(readFileSync(join(source, 'generated/api.github.com.json'), 'utf8'))

const KEPT = [
  ['/rate_limit'],
  ['/user', 'get'],
  ['/users/{username}'],
  ['/app'],
  ['/app/installations/{installation_id}', 'get'],
  ['/app/installations/{installation_id}/access_tokens'],
  ['/installation/repositories'],
  ['/repos/{owner}/{repo}', 'get'],
  ['/repos/{owner}/{repo}/installation'],
  ['/repos/{owner}/{repo}/labels'],
  ['/repos/{owner}/{repo}/labels/{name}', 'get'],
  ['/repos/{owner}/{repo}/issues'],
  ['/repos/{owner}/{repo}/issues/{issue_number}'],
  ['/repos/{owner}/{repo}/issues/{issue_number}/comments'],
  ['/repos/{owner}/{repo}/issues/{issue_number}/labels'],
  ['/repos/{owner}/{repo}/issues/{issue_number}/labels/{name}'],
]

/** What only a reader needs. A property may bear any of these names, so they are dropped where keywords stand alone. */
const PROSE = new Set([
  'description',
  'summary',
  'tags',
  'externalDocs',
  'example',
  'examples',
  'deprecated',
  'title',
])
const NAMED = new Set([
  'properties',
  'schemas',
  'parameters',
  'responses',
  'headers',
  'paths',
  'content',
])

/** Without prose, and with `nullable` said the way of JSON Schema: some of GitHub's have no `type` beside it. */
const toKept = (node, isNames = false) => {
  if (Array.isArray(node)) return node.map((item) => toKept(item))
  if (typeof node !== 'object' || node === null) return node
  const entries = Object.entries(node).filter(
    ([key]) => isNames || !(PROSE.has(key) || key.startsWith('x-')),
  )
  const kept = Object.fromEntries(
    entries.map(([key, value]) => [key, toKept(value, !isNames && NAMED.has(key))]),
  )
  if (isNames || kept.nullable === undefined) return kept
  const { nullable, ...schema } = kept
  if (nullable !== true) return schema
  if (typeof schema.type !== 'string') return { anyOf: [schema, { type: 'null' }] }
  const values =
    schema.enum === undefined || schema.enum.includes(null) ? {} : { enum: [...schema.enum, null] }
  return { ...schema, ...values, type: [schema.type, 'null'] }
}

const paths = Object.fromEntries(
  KEPT.map(([path, ...methods]) => {
    const { parameters, ...operations } = description.paths[path]
    if (parameters !== undefined)
      throw new Error(`${path} has parameters of its own: nothing here reads them`)
    const kept = methods.length === 0 ? Object.keys(operations) : methods
    return [path, Object.fromEntries(kept.map((method) => [method, toKept(operations[method])]))]
  }),
)

const components = {}
const follow = (node) => {
  if (typeof node !== 'object' || node === null) return
  for (const [key, value] of Object.entries(node)) {
    if (key !== '$ref' || typeof value !== 'string') {
      follow(value)
      continue
    }
    const [, , kind, name] = value.split('/')
    components[kind] ??= {}
    if (components[kind][name] !== undefined) continue
    components[kind][name] = toKept(description.components[kind][name])
    follow(components[kind][name])
  }
}
follow(paths)

const info = {
  source: `@octokit/openapi@${version}, generated/api.github.com.json (GitHub's REST API description, MIT)`,
  cut_by: 'scripts/cut-github-api.mjs',
}
const file = new URL('../test/github/local-github/github-api.json', import.meta.url)
writeFileSync(file, `${JSON.stringify({ info, paths, components })}\n`)
