namespace ImGateway.Edge.Commands;

static class ExitCodes
{
    public const int Fine = 0;

    /// <summary>The answer is no: invalid, unhealthy, failed.</summary>
    public const int No = 1;

    public const int WrongUsage = 2;
}
