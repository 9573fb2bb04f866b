namespace ImGateway.Edge.Commands;

static class ExitCodes
{
    public const int Success = 0;

    /// <summary>A negative result: invalid, unhealthy, failed.</summary>
    public const int Failure = 1;

    public const int WrongUsage = 2;
}
