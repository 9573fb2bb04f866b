namespace ImGateway.Edge.WebSockets;

/// <summary>
/// Knows where frames end (RFC 6455 §5.2) in bytes that pass by, however they are cut. It copies nothing and judges nothing: reserved
/// bits and opcodes are a matter between the two ends.
/// </summary>
struct FrameFollower
{
    const int CloseOpcode = 0x8;
    const int ShortestHeader = 2;
    const int MaskingKey = 4;

    // Of the payload of the frame under way; while its header is under way, its length as far as it is known.
    ulong _left;
    int _headerSeen;
    int _headerLength;
    int _lengthEnd;
    byte _codeSeen;
    ushort _code;

    /// <summary>Whether the next byte begins a frame.</summary>
    public readonly bool IsAtBoundary => _left == 0 && _headerSeen == 0 && !IsLost;

    /// <summary>Whether a Close frame has begun or passed.</summary>
    public bool CloseHasBegun { get; private set; }

    /// <summary>What the Close frame says (RFC 6455 §7.4); 0 as long as it has not passed, and where it says nothing.</summary>
    public readonly int CloseCode => _codeSeen == sizeof(ushort) ? _code : 0;

    /// <summary>Whether a Close frame may be put in here.</summary>
    public readonly bool MayClose => IsAtBoundary && !CloseHasBegun;

    /// <summary>Whether a length that cannot be (RFC 6455 §5.2: its top bit is 0) has passed: no boundary is known any more.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Takes bytes up to the end of a frame, or all of them where none ends. Returns how many.</summary>
    public int Advance(ReadOnlySpan<byte> bytes)
    {
        var taken = 0;
        while (taken < bytes.Length && !IsLost)
        {
            if (_headerSeen == 0 && _left > 0)
            {
                var payload = (int)Math.Min(_left, (ulong)(bytes.Length - taken));
                if (CloseHasBegun) TakeCode(bytes.Slice(taken, payload));
                _left -= (ulong)payload;
                taken += payload;
            }
            else
            {
                TakeHeader(bytes[taken++]);
            }

            if (IsAtBoundary) return taken;
        }

        return bytes.Length;
    }

    /// <summary>Takes all of these bytes.</summary>
    public void Follow(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty) bytes = bytes[Advance(bytes)..];
    }

    void TakeHeader(byte next)
    {
        switch (_headerSeen)
        {
            case 0:
                CloseHasBegun |= (next & 0x0F) == CloseOpcode;
                _headerLength = ShortestHeader;
                break;
            case 1:
                var length = next & 0x7F;
                _lengthEnd = ShortestHeader + (length switch { 126 => sizeof(ushort), 127 => sizeof(ulong), _ => 0 });
                _headerLength = _lengthEnd + ((next & 0x80) != 0 ? MaskingKey : 0);
                _left = _lengthEnd == ShortestHeader ? (ulong)length : 0;
                break;
            case var seen when seen < _lengthEnd:
                _left = (_left << 8) | next;
                break;
        }

        if (++_headerSeen < _headerLength) return;
        _headerSeen = 0;
        IsLost = _left > long.MaxValue;
        // Nothing is said, or what is said is masked, as no server's is (RFC 6455 §5.1); and what follows a Close frame is none.
        if (CloseHasBegun && _codeSeen == 0 && (_left < sizeof(ushort) || _headerLength > _lengthEnd)) _codeSeen = sizeof(ushort);
    }

    void TakeCode(ReadOnlySpan<byte> payload)
    {
        for (var i = 0; i < payload.Length && _codeSeen < sizeof(ushort); i++, _codeSeen++) _code = (ushort)(_code << 8 | payload[i]);
    }
}
