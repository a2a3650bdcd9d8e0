import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const script = fileURLToPath(new URL('../../scripts/plain-manifests.mjs', import.meta.url))
const NO_KUSTOMIZE = 2

test('the plain files are what the Minikube overlay makes', () => {
  const { status, stderr } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
  if (status === NO_KUSTOMIZE) {
    console.warn(
      'plain manifests: not compared here, as neither kubectl nor kustomize is on this machine',
    )
    return
  }
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})
