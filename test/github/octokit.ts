import { Octokit } from '@octokit/core'
import { expect } from 'vitest'
import type { LocalGithub } from './local-github/local-github.ts'

export const HERE = { owner: 'acme', repo: 'tasks' }
export const ISSUES = '/repos/{owner}/{repo}/issues'
export const ISSUE = `${ISSUES}/{issue_number}` as const

/** The real client, which follows no redirect. */
export const connect = (github: LocalGithub, auth: string = github.token): Octokit =>
  new Octokit({ auth, baseUrl: github.url, request: { redirect: 'manual' } })

export const post = (octokit: Octokit, title = 'x') =>
  octokit.request(`POST ${ISSUES}`, { ...HERE, title })

/** Octokit throws from 400 on and on 304; a redirect that it does not follow is an answer to it. */
export const refusalOf = (
  work: Promise<{ status: number; data: unknown }>,
): Promise<{ status: number; body: unknown }> =>
  work.then(
    ({ status, data }) =>
      status < 300 ? expect.fail(`it was answered ${status}`) : { status, body: data },
    ({ status, response }) => ({ status, body: response?.data }),
  )
