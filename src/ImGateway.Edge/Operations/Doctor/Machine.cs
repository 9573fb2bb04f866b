using System.Globalization;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>What the edge finds on the machine: OpenSSL, the policy in it, and the limits of its process.</summary>
static class Machine
{
    /// <summary>A socket to the client and one to the gateway for each of 5,000 users.</summary>
    const long Descriptors = 10_000;

    public static IEnumerable<Finding> LookAtOpenSsl()
    {
        const string check = "openssl";
        if (TlsPolicyFile.Problem is { } problem) return [new(check, FindingStatus.Fail, problem, "see to it; the edge does not serve without its policy")];
        var version = BuildInfo.Read().OpenSsl;
        return Version.TryParse(version, out var parsed) && parsed >= new Version(3, 0)
            ? [new(check, FindingStatus.Ok, parsed >= new Version(3, 5) ? version : $"{version}; from 3.5 on, key exchange also resists quantum computers")]
            : [new(check, FindingStatus.Fail, $"{version} is too old", "install OpenSSL 3")];
    }

    /// <summary>As at every start: handshakes with oneself, with a certificate made for it.</summary>
    public static async Task<IEnumerable<Finding>> LookAtPolicyAsync(EdgeOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        const string check = "policy";
        var problems = await PolicyProof.ProblemsAsync(options, time, cancellationToken);
        return problems.Count == 0
            ? [new(check, FindingStatus.Ok, $"{options.Tls.Policy} is in force")]
            : problems.Select(problem => new Finding(check, FindingStatus.Fail, problem, "install imgw again"));
    }

    public static IEnumerable<Finding> LookAtDescriptors(EdgeOptions options, bool running)
    {
        const string check = "file descriptors";
        var (whose, limits) = Limits(options, running);
        var soft = limits?.FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal))?["Max open files".Length..]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        if (soft is null) return [new(check, FindingStatus.Warn, "this system does not tell their limit", "see that 10,000 may be open")];
        return soft == "unlimited" || (long.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit >= Descriptors)
            ? [new(check, FindingStatus.Ok, $"{soft} for {whose}")]
            : [new(check, FindingStatus.Warn, $"{soft} for {whose}; each client takes two or so", "raise it (systemd: LimitNOFILE=65536, docker: ulimits, a shell: ulimit -n)")];
    }

    /// <summary>Of the edge that runs where that can be told, since limits belong to a process.</summary>
    static (string Whose, string[]? Lines) Limits(EdgeOptions options, bool running)
    {
        const string own = "/proc/self/limits";
        try
        {
            if (running && int.TryParse(File.ReadAllText(Path.Combine(options.DataDirectory, "lock")), out var process))
            {
                return ("the running edge", File.ReadAllLines($"/proc/{process}/limits"));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Of another user, or just gone.
        }

        return ("a process started from here", File.Exists(own) ? File.ReadAllLines(own) : null);
    }
}
