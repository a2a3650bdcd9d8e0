import { spawnSync } from 'node:child_process'
import { copyFileSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import openapiTypescript, { astToString } from 'openapi-typescript'
import { expect, test } from 'vitest'
import { createFolder } from '../start-app.ts'
import { startProcess } from '../start-process.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

const OPTIONS = {
  target: 'ES2023',
  lib: ['ES2023', 'DOM'],
  module: 'NodeNext',
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  rewriteRelativeImportExtensions: true,
  skipLibCheck: true,
  outDir: 'out',
}

const run = (folder: string, ...args: string[]): string => {
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
  return stdout + stderr
}

test('a client with types made of openapi.json compiles in strict mode and creates, lists, patches, completes and deletes', async () => {
  const folder = createFolder()
  const types = await openapiTypescript(readFileSync(join(root, 'openapi.json'), 'utf8'))
  writeFileSync(join(folder, 'openapi.ts'), astToString(types))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: OPTIONS, files: ['tour.ts'] }),
  )
  copyFileSync(join(root, 'test/openapi/tour.ts'), join(folder, 'tour.ts'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  expect(run(folder, join(root, 'node_modules/typescript/bin/tsc'))).toBe('')

  const { url } = await startProcess({}, createFolder())
  expect(run(folder, 'out/tour.js', url)).toBe('')
})
