using System.Net;
using ARSoft.Tools.Net;
using ARSoft.Tools.Net.Dns;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Sends DNS queries that .NET has no API for. Results are not cached.</summary>
/// <param name="keys">The DNSSEC trust anchors.</param>
sealed class Resolver(IReadOnlyList<IPEndPoint> servers, TimeProvider time, IResolverHintStore keys)
{
    /// <summary>The EDNS UDP payload size that avoids fragmentation (RFC 9715).</summary>
    const ushort LargestDatagram = 1232;

    // The transport has its own time-outs.
    const int NoLimit = int.MaxValue;

    /// <summary>The records of <paramref name="type"/>, following CNAMEs; empty if the name has none or does not exist.</summary>
    /// <exception cref="DnsException">No server gave a usable response.</exception>
    public async Task<IReadOnlyList<T>> QueryAsync<T>(string name, RecordType type, CancellationToken cancellationToken)
        where T : DnsRecordBase
    {
        var message = await QueryAsync(name, type, isChecked: true, cancellationToken);
        return message.ReturnCode is ReturnCode.NoError or ReturnCode.NxDomain ? [.. message.AnswerRecords.OfType<T>()] : throw new DnsException($"the answer is error {message.ReturnCode}");
    }

    /// <summary>The whole response, with signatures if there are any.</summary>
    /// <param name="isChecked">Whether a validating server must withhold records that fail validation (CD bit clear, RFC 4035 §3.2.2).</param>
    /// <exception cref="DnsException">There was no response.</exception>
    public async Task<DnsMessage> QueryAsync(string name, RecordType type, bool isChecked, CancellationToken cancellationToken)
    {
        using var transport = new NameServerTransport(servers, time);
        using var client = ClientOf(transport);
        var options = new DnsQueryOptions { IsRecursionDesired = true, IsCheckingDisabled = !isChecked, EDnsOptions = new OptRecord(LargestDatagram), IsDnsSecOk = true };
        var message = await client.ResolveAsync(DomainName.Parse(name), type, RecordClass.INet, options, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        return message ?? throw new DnsException(transport.Problem);
    }

    /// <summary>Validates these records, or their absence, from the root down (RFC 4035 §5).</summary>
    /// <exception cref="DnsException">The servers do not return the records needed for validation.</exception>
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
            // The library has no specific exception for a query without a response.
            cancellationToken.ThrowIfCancellationRequested();
            throw new DnsException(transport.Problem);
        }
    }

    /// <summary>
    /// Whether the zone of <paramref name="name"/> has a secure delegation. The library treats an unsigned response as that of an unsigned zone
    /// if any ancestor has no DS record, even one such as <c>co.jp</c> that is not a zone.
    /// </summary>
    /// <exception cref="DnsException">The servers do not return the records needed for validation.</exception>
    public async Task<bool> HasSignedDelegationAsync(string name, CancellationToken cancellationToken)
    {
        var start = await QueryAsync(name, RecordType.Soa, isChecked: false, cancellationToken);
        if (start.AnswerRecords.Concat(start.AuthorityRecords).OfType<SoaRecord>().FirstOrDefault() is not { } zone || zone.Name.Equals(DomainName.Root)) return false;
        var apex = zone.Name.ToString();
        return (await QueryAsync(apex, RecordType.Ds, isChecked: false, cancellationToken)).AnswerRecords.OfType<DsRecord>().Any()
            && await ValidateAsync(apex, RecordType.Ds, cancellationToken) is DnsSecValidationResult.Signed;
    }

    /// <summary>The transport, not the library, knows the address.</summary>
    static DnsClient ClientOf(NameServerTransport transport) => new([IPAddress.Any], [transport], disposeTransport: false, NoLimit);
}

/// <summary>Completes "cannot be asked for: …".</summary>
sealed class DnsException(string message) : Exception(message);
