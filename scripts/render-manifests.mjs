// Renders the Kubernetes overlays as a clean clone has them. `node scripts/render-manifests.mjs FOLDER` writes each into FOLDER.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const SOURCE = fileURLToPath(new URL('../deploy/kubernetes', import.meta.url))

/** An overlay that nobody keeps, made to render every component that production does not have. */
const COMPOSED = 'production-with-everything'
const COMPONENTS = ['httproute', 'ingress', 'mongodb', 'servicemonitor']

/** Every overlay that is rendered. */
export const overlays = () => [...readdirSync(join(SOURCE, 'overlays')), COMPOSED]

/**
 * The command line that renders a folder: the environment's KUSTOMIZE (a path), else kubectl, else kustomize,
 * whichever holds kustomize 5; undefined where none does.
 */
export const findKustomize = () => {
  const candidates = [
    { command: process.env.KUSTOMIZE ?? '', version: ['version'], build: ['build'] },
    { command: 'kubectl', version: ['version', '--client'], build: ['kustomize'] },
    { command: 'kustomize', version: ['version'], build: ['build'] },
  ]
  const found = candidates.find(
    ({ command, version }) => command !== '' && /\bv5\./.test(outputOf(command, version)),
  )
  return found === undefined ? undefined : [found.command, ...found.build]
}

/** Renders overlays with a command line of findKustomize: name → YAML. What you have in a secret.env is never looked at. */
export const renderOverlays = ([command, ...args], names = overlays()) => {
  const copy = mkdtempSync(join(tmpdir(), 'manifests-'))
  try {
    cpSync(SOURCE, copy, { recursive: true })
    for (const file of readdirSync(copy, { recursive: true })) {
      if (file.endsWith('secret.env.example'))
        cpSync(join(copy, file), join(copy, file.replace(/\.example$/, '')))
    }
    writeComposed(join(copy, 'overlays', COMPOSED))
    return new Map(
      names.map((name) => [name, build(command, [...args, join(copy, 'overlays', name)], name)]),
    )
  } finally {
    rmSync(copy, { recursive: true })
  }
}

const writeComposed = (folder) => {
  mkdirSync(folder)
  const components = COMPONENTS.map((component) => `  - ../../components/${component}`)
  const lines = [
    'namespace: task-manager',
    'resources:',
    '  - ../production',
    'components:',
    ...components,
  ]
  writeFileSync(join(folder, 'kustomization.yaml'), `${lines.join('\n')}\n`)
}

const build = (command, args, name) => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`overlay ${name}: ${stderr}`)
  return stdout
}

const outputOf = (command, args) => spawnSync(command, args, { encoding: 'utf8' }).stdout ?? ''

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , folder] = process.argv
  const kustomize = findKustomize()
  if (folder === undefined || kustomize === undefined) {
    console.error(
      folder === undefined
        ? 'render-manifests FOLDER'
        : 'kubectl or kustomize, with kustomize 5, is needed',
    )
    process.exit(1)
  }
  mkdirSync(folder, { recursive: true })
  for (const [name, text] of renderOverlays(kustomize))
    writeFileSync(join(folder, `${name}.yaml`), text)
}
