import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import typescript from 'typescript'

const { ModuleKind, ScriptTarget, transpileModule } = typescript
const compilerOptions = {
  module: ModuleKind.ESNext,
  target: ScriptTarget.ES2023,
  verbatimModuleSyntax: true,
}

/** Node's hook: a .ts file without its types. */
export const load = async (url, context, next) => {
  if (!url.endsWith('.ts')) return next(url, context)
  const text = await readFile(fileURLToPath(url), 'utf8')
  return {
    format: 'module',
    shortCircuit: true,
    source: transpileModule(text, { compilerOptions }).outputText,
  }
}
