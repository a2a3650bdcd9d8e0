import { configDefaults, defineConfig } from 'vitest/config'

/** They stop, freeze and kill a server of their own: TEST_MONGODB_FAULTS=none leaves them out where none can be had. */
const FAULTS = ['freeze', 'crash', 'down'].map((name) => `test/process/${name}.mongodb.ts`)

/** The suites of the repository, of HTTP and of the GitHub sync on a MongoDB server, at TEST_MONGODB_URL: `npm run test:mongodb`. */
export default defineConfig({
  test: {
    include: ['test/**/*.mongodb.ts', 'test/http/**/*.test.ts', 'test/github/**/*.sync.ts'],
    exclude: [...configDefaults.exclude, ...(process.env.TEST_MONGODB_FAULTS === 'none' ? FAULTS : [])],
    env: { TEST_DATABASE: 'mongodb' },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: '100%',
    server: { deps: { external: [/\/dist\//] } },
  },
})
