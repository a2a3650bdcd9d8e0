import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createFolder } from '../start-app.ts'
import type { LocalGithubOptions } from './local-github/local-github.ts'
import type { Env } from './sync-env.ts'
import { SWEEPING, startSynced } from './synced-service.ts'

export const MINUTE_MS = 60_000
export const DAY_MS = 24 * 60 * MINUTE_MS

/** Reads the file again within that time. */
const NOTICED_MS = 20

/**
 * The real service, its clock ahead of GitHub's by so many milliseconds (behind when negative),
 * until `shift` sets it anew.
 */
export const startShifted = async (
  aheadMs: number,
  env: Env = {},
  options: LocalGithubOptions = {},
) => {
  const file = join(createFolder(), 'shift')
  writeFileSync(file, String(aheadMs))
  const preload = new URL('./shift-clock.mjs', import.meta.url).href
  const shifted = {
    ...SWEEPING,
    GITHUB_IMPORT: 'all',
    NODE_OPTIONS: `--import=${preload}`,
    SHIFT_FILE: file,
  }
  const synced = await startSynced({ ...shifted, ...env }, options)
  const shift = async (ms: number): Promise<void> => {
    writeFileSync(file, String(ms))
    await sleep(NOTICED_MS)
  }
  return { ...synced, shift }
}
export type Shifted = Awaited<ReturnType<typeof startShifted>>
