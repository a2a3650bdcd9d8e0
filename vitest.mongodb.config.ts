import { configDefaults, defineConfig } from 'vitest/config'

/**
 * They stop, freeze and kill a server of their own and hold the service to its time limits, so they run after the rest, one by one.
 * TEST_MONGODB_FAULTS=none leaves them out where no such server can be had.
 */
const FAULTS = ['freeze', 'crash', 'down'].map((name) => `test/process/${name}.mongodb.ts`)

const suites = {
  name: 'suites',
  include: ['test/**/*.mongodb.ts', 'test/http/**/*.test.ts', 'test/github/**/*.sync.ts'],
  exclude: [...configDefaults.exclude, ...FAULTS],
  maxWorkers: '100%',
}

const faults = { name: 'faults', include: FAULTS, maxWorkers: 1, sequence: { groupOrder: 1 } }

/** The suites of the repository, of HTTP and of the GitHub sync on a MongoDB server, at TEST_MONGODB_URL: `npm run test:mongodb`. */
export default defineConfig({
  test: {
    projects: (process.env.TEST_MONGODB_FAULTS === 'none' ? [suites] : [suites, faults]).map(
      (test) => ({ extends: true, test }),
    ),
    env: { TEST_DATABASE: 'mongodb' },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    server: { deps: { external: [/\/dist\//] } },
  },
})
