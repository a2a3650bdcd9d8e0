import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

test.each(['CONTRIBUTING.md', 'docs/deploy.md'])(
  '%s names no manifest that is not there',
  (document) => {
    const paths = [...read(document).matchAll(/deploy\/kubernetes\/[\w./-]*[\w-]/g)].map(
      ([path]) => path,
    )
    // A secret.env is made by the command that names it.
    const missing = paths.filter(
      (path) => !existsSync(new URL(path.replace(/secret\.env$/, 'secret.env.example'), root)),
    )
    expect(paths.length).toBeGreaterThan(0)
    expect(missing).toEqual([])
  },
)

test('the volume has one name in every command and in compose.yaml', () => {
  const files = ['README.md', 'docs/deploy.md', 'compose.yaml']
  const names = files.map((file) =>
    [...read(file).matchAll(/(?:-v |")([\w-]+):\/data\b(?!\/)/g)].map(([, name]) => name),
  )
  for (const found of names) expect(new Set(found)).toEqual(new Set(['tasks']))
})

test('git ignores each secret.env, and has an example of each that a kustomization reads', () => {
  expect(read('.gitignore').split('\n')).toContain('secret.env')
  for (const folder of ['overlays/minikube', 'overlays/production', 'components/mongodb']) {
    expect(read(`deploy/kubernetes/${folder}/kustomization.yaml`)).toContain('- secret.env\n')
    expect(read(`deploy/kubernetes/${folder}/secret.env.example`)).not.toMatch(/^\w+=./m)
  }
})
