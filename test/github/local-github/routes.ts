import type { Handler } from './call.ts'
import { listComments, postComment } from './routes/comments.ts'
import {
  createInstallationToken,
  getApp,
  getInstallation,
  getRateLimit,
  getRepository,
  getRepositoryInstallation,
  getUser,
  getUserByName,
  listInstallationRepositories,
} from './routes/identity.ts'
import { getIssue, listIssues, patchIssue, postIssue } from './routes/issues.ts'
import {
  addIssueLabels,
  getLabel,
  listIssueLabels,
  listLabels,
  postLabel,
  removeIssueLabel,
  removeIssueLabels,
  setIssueLabels,
} from './routes/labels.ts'

export const CREATE_ISSUE = 'POST /repos/{owner}/{repo}/issues'
const ISSUE = '/repos/{owner}/{repo}/issues/{issue_number}'

/** Everything that can be asked here: the routes of GitHub's description that were cut out of it. */
export const ROUTES: Readonly<Record<string, Handler>> = {
  'GET /rate_limit': getRateLimit,
  'GET /user': getUser,
  'GET /users/{username}': getUserByName,
  'GET /app': getApp,
  'GET /app/installations/{installation_id}': getInstallation,
  'POST /app/installations/{installation_id}/access_tokens': createInstallationToken,
  'GET /installation/repositories': listInstallationRepositories,
  'GET /repos/{owner}/{repo}': getRepository,
  'GET /repos/{owner}/{repo}/installation': getRepositoryInstallation,
  'GET /repos/{owner}/{repo}/labels': listLabels,
  'POST /repos/{owner}/{repo}/labels': postLabel,
  'GET /repos/{owner}/{repo}/labels/{name}': getLabel,
  'GET /repos/{owner}/{repo}/issues': listIssues,
  [CREATE_ISSUE]: postIssue,
  [`GET ${ISSUE}`]: getIssue,
  [`PATCH ${ISSUE}`]: patchIssue,
  [`GET ${ISSUE}/comments`]: listComments,
  [`POST ${ISSUE}/comments`]: postComment,
  [`GET ${ISSUE}/labels`]: listIssueLabels,
  [`POST ${ISSUE}/labels`]: addIssueLabels,
  [`PUT ${ISSUE}/labels`]: setIssueLabels,
  [`DELETE ${ISSUE}/labels`]: removeIssueLabels,
  [`DELETE ${ISSUE}/labels/{name}`]: removeIssueLabel,
}

/** What counts as made content, which GitHub limits on its own. */
export const CREATING: ReadonlySet<string> = new Set([
  CREATE_ISSUE,
  `POST ${ISSUE}/comments`,
  'POST /repos/{owner}/{repo}/labels',
])
