// Part of `npm run build`: folds TypeBox into dist/core/typebox.js, as loading it file by file takes most of the start.
import { rolldown } from 'rolldown'

const bundle = await rolldown({ input: 'src/core/typebox.ts', platform: 'node' })
await bundle.write({ file: 'dist/core/typebox.js', minify: false, codeSplitting: false })
