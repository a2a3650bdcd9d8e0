export const measureGithubHanging = () => {}
