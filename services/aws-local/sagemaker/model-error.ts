import { AwsError } from '../errors.ts';

/** Whatever goes wrong in a container is a 424; only OriginalStatusCode tells what it was. */
export function modelError(endpoint: string, status: number, message: string): AwsError {
  const side = status >= 400 && status < 500 ? 'client' : 'server';
  const log = `https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1#logEventViewer:group=/aws/sagemaker/Endpoints/${endpoint}`;
  return new AwsError(
    'ModelError',
    424,
    `Received ${side} error (${status}) from primary with message "${message}". See ${log} in account 000000000000 for more information.`,
    {
      OriginalStatusCode: status,
      OriginalMessage: message,
      LogStreamArn: `arn:aws:logs:us-east-1:000000000000:log-group:/aws/sagemaker/Endpoints/${endpoint}`,
    },
  );
}
