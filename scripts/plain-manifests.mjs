// Writes deploy/kubernetes/plain from the Minikube overlay. With --check it writes nothing and says whether they agree:
// it exits with 1 when they do not, with 2 where neither kubectl nor kustomize is installed.
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments, stringify } from 'yaml'
import { findKustomize, renderOverlays } from './render-manifests.mjs'

/** Each file with the kinds that it holds, in the order in which they are made. */
const FILES = {
  'k8s-secret.yaml': ['Secret'],
  'k8s-deployment.yaml': ['ServiceAccount', 'ConfigMap', 'PersistentVolumeClaim', 'Deployment'],
  'k8s-service.yaml': ['Service'],
}

const NOTES = {
  'k8s-secret.yaml': [
    'Every value is optional, and an empty one counts as absent. Fill yours in in a copy outside the repository.',
  ],
  'k8s-deployment.yaml': [],
  'k8s-service.yaml': [],
}

/** What is read first stands first. */
const FIRST = ['apiVersion', 'kind', 'name', 'metadata']

const rank = (key) => (FIRST.includes(key) ? FIRST.indexOf(key) : FIRST.length)

const inOrder = (value) => {
  if (Array.isArray(value)) return value.map(inOrder)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => rank(a) - rank(b))
  return Object.fromEntries(entries.map(([key, inner]) => [key, inOrder(inner)]))
}

/** A Secret as one edits it: text, not base64. */
const readable = (manifest) => {
  if (manifest.kind !== 'Secret') return manifest
  const { data, ...rest } = manifest
  const texts = Object.entries(data).map(([key, value]) => [
    key,
    Buffer.from(value, 'base64').toString(),
  ])
  return { ...rest, stringData: Object.fromEntries(texts) }
}

/** The files' names with their contents. */
const toFiles = (rendered) => {
  const manifests = parseAllDocuments(rendered).map((document) => readable(document.toJS()))
  const left = manifests.filter(({ kind }) => !Object.values(FILES).flat().includes(kind))
  if (left.length > 0) throw new Error(`no plain file is for ${left.map(({ kind }) => kind)}`)
  return Object.entries(FILES).map(([file, kinds]) => {
    const header = [
      'Written by `npm run manifests` from overlays/minikube: change that one.',
      ...NOTES[file],
    ]
    const documents = kinds.flatMap((kind) =>
      manifests.filter((manifest) => manifest.kind === kind),
    )
    const texts = documents.map((manifest) => stringify(inOrder(manifest), { lineWidth: 0 }))
    return [file, `${header.map((line) => `# ${line}\n`).join('')}${texts.join('---\n')}`]
  })
}

const kustomize = findKustomize()
if (kustomize === undefined) {
  console.error('kubectl or kustomize, with kustomize 5, is needed')
  process.exit(2)
}
const isCheck = process.argv.includes('--check')
for (const [file, text] of toFiles(renderOverlays(kustomize, ['minikube']).get('minikube'))) {
  const path = fileURLToPath(new URL(`../deploy/kubernetes/plain/${file}`, import.meta.url))
  if (!isCheck) writeFileSync(path, text)
  else if (readFileSync(path, 'utf8') !== text) {
    console.error(
      `deploy/kubernetes/plain/${file} is not what overlays/minikube makes: run npm run manifests`,
    )
    process.exitCode = 1
  }
}
