// Lets this process import the TypeScript of the tests. From Node 22.18 on Node itself drops the types.
import { register } from 'node:module'

if (!process.features.typescript) register(new URL('./typescript-hooks.mjs', import.meta.url))
