using System.Net;
using ARSoft.Tools.Net;
using ARSoft.Tools.Net.Dns;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Asks name servers for what .NET has no call for. Nothing is kept from one question to the next.</summary>
/// <param name="keys">That signatures have to lead to.</param>
sealed class Resolver(IReadOnlyList<IPEndPoint> servers, TimeProvider time, IResolverHintStore keys)
{
    /// <summary>What passes everywhere unfragmented (RFC 9715).</summary>
    const ushort LargestDatagram = 1232;

    // The transport has limits of its own.
    const int NoLimit = int.MaxValue;

    /// <summary>The records of <paramref name="type"/>, also behind a CNAME; none where the name has none or does not exist.</summary>
    /// <exception cref="DnsException">No server gave a response that says whether there are such records.</exception>
    public async Task<IReadOnlyList<T>> AskAsync<T>(string name, RecordType type, CancellationToken cancellationToken)
        where T : DnsRecordBase
    {
        var message = await AskAsync(name, type, isChecked: true, cancellationToken);
        return message.ReturnCode is ReturnCode.NoError or ReturnCode.NxDomain ? [.. message.AnswerRecords.OfType<T>()] : throw new DnsException($"the answer is error {message.ReturnCode}");
    }

    /// <summary>The whole response, with signatures where there are any.</summary>
    /// <param name="isChecked">Whether a server that validates is to keep back what fails (RFC 4035 §3.2.2).</param>
    /// <exception cref="DnsException">There is none.</exception>
    public async Task<DnsMessage> AskAsync(string name, RecordType type, bool isChecked, CancellationToken cancellationToken)
    {
        using var transport = new NameServerTransport(servers, time);
        using var client = ClientOf(transport);
        var options = new DnsQueryOptions { IsRecursionDesired = true, IsCheckingDisabled = !isChecked, EDnsOptions = new OptRecord(LargestDatagram), IsDnsSecOk = true };
        var message = await client.ResolveAsync(DomainName.Parse(name), type, RecordClass.INet, options, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        return message ?? throw new DnsException(transport.Problem);
    }

    /// <summary>What the signatures from the root down say of these records, or of there being none (RFC 4035 §5).</summary>
    /// <exception cref="DnsException">The servers do not give what it takes to know.</exception>
    public async Task<DnsSecValidationResult> ValidateAsync(string name, RecordType type, CancellationToken cancellationToken)
    {
        using var transport = new NameServerTransport(servers, time);
        using var client = ClientOf(transport);
        using var resolver = new SelfValidatingInternalDnsSecStubResolver(client, keys);
        try
        {
            return (await resolver.ResolveSecureAsync<DnsRecordBase>(DomainName.Parse(name), type, RecordClass.INet, cancellationToken)).ValidationResult;
        }
        catch (DnsSecValidationException)
        {
            return DnsSecValidationResult.Bogus;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // The library has no exception of its own for a question that was not answered.
            cancellationToken.ThrowIfCancellationRequested();
            throw new DnsException(transport.Problem);
        }
    }

    /// <summary>
    /// Whether the zone of <paramref name="name"/> is delegated as a signed one. The library takes an answer without signatures for one of an unsigned zone
    /// where any name above it has no DS record, as <c>co.jp</c>, which is no zone.
    /// </summary>
    /// <exception cref="DnsException">The servers do not give what it takes to know.</exception>
    public async Task<bool> HasSignedDelegationAsync(string name, CancellationToken cancellationToken)
    {
        var start = await AskAsync(name, RecordType.Soa, isChecked: false, cancellationToken);
        if (start.AnswerRecords.Concat(start.AuthorityRecords).OfType<SoaRecord>().FirstOrDefault() is not { } zone || zone.Name.Equals(DomainName.Root)) return false;
        var apex = zone.Name.ToString();
        return (await AskAsync(apex, RecordType.Ds, isChecked: false, cancellationToken)).AnswerRecords.OfType<DsRecord>().Any()
            && await ValidateAsync(apex, RecordType.Ds, cancellationToken) is DnsSecValidationResult.Signed;
    }

    /// <summary>The address is the transport's to know.</summary>
    static DnsClient ClientOf(NameServerTransport transport) => new([IPAddress.Any], [transport], disposeTransport: false, NoLimit);
}

/// <summary>Completes "cannot be asked for: …".</summary>
sealed class DnsException(string message) : Exception(message);
